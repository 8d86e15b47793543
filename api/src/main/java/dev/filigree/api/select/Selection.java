package dev.filigree.api.select;

import dev.filigree.api.backend.Backend;

/**
 * A chosen backend, open.
 *
 * @param backend the caller closes it
 * @param reason one line: what was chosen and why, and why not what came before
 */
public record Selection(Backend backend, String reason) {}
