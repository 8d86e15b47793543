import org.jspecify.annotations.NullMarked;

/**
 * The test kit a third party runs on its own backend. JUnit is needed by {@code BackendConformance} alone; {@code
 * Main} runs the same cases without it.
 */
@NullMarked
module dev.filigree.conformance {
    requires static transitive org.jspecify;
    requires static transitive org.junit.jupiter.api;
    requires java.management;
    requires jdk.management;
    requires transitive dev.filigree.api;

    exports dev.filigree.conformance;
    exports dev.filigree.conformance.rule;
    exports dev.filigree.conformance.generate;
    exports dev.filigree.conformance.problem;
    exports dev.filigree.conformance.compare;
    exports dev.filigree.conformance.check;
    exports dev.filigree.conformance.run;
    exports dev.filigree.conformance.report;
    exports dev.filigree.conformance.cases;
    exports dev.filigree.conformance.profile;
    exports dev.filigree.conformance.certificate;
    exports dev.filigree.conformance.fork;
    exports dev.filigree.conformance.bundle;
    exports dev.filigree.conformance.policy;
    exports dev.filigree.conformance.verify;

    uses dev.filigree.api.backend.BackendProvider;
    uses dev.filigree.api.policy.AttentionPolicyProvider;

    provides java.util.spi.ToolProvider with
            dev.filigree.conformance.verify.VerifyTool;
}
