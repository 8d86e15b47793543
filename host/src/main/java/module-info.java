import org.jspecify.annotations.NullMarked;

/** The engine for host applications, and the command line. */
@NullMarked
module dev.filigree.host {
    requires static transitive org.jspecify;
    requires transitive dev.filigree.api;
    requires transitive dev.filigree.policies;
    requires com.fasterxml.jackson.databind;
    requires com.google.guice;
    requires info.picocli;
    requires jakarta.inject;
    requires ojalgo;
    requires org.snakeyaml.engine;

    exports dev.filigree.host;
    exports dev.filigree.host.checkpoint;
    exports dev.filigree.host.decoder;
    exports dev.filigree.host.diffusion;
    exports dev.filigree.host.diffusion.joint;
    exports dev.filigree.host.engine;
    exports dev.filigree.host.lora;
    exports dev.filigree.host.picture;
    exports dev.filigree.host.quantize;
    exports dev.filigree.host.quantize.nunchaku;
    exports dev.filigree.host.quantize.qserve;
    exports dev.filigree.host.tokenizer;

    opens dev.filigree.host.cli to
            info.picocli;
    opens dev.filigree.host.wiring to
            com.google.guice;

    uses dev.filigree.api.backend.BackendProvider;
    uses java.util.spi.ToolProvider;
}
