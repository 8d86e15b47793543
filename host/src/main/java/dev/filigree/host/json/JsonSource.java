package dev.filigree.host.json;

import java.util.function.Function;

/** Where a value comes from: the file's name for messages, and the kind of exception its reader throws. */
record JsonSource(String file, Function<String, RuntimeException> error) {}
