package dev.filigree.conformance.policy;

import dev.filigree.api.attention.AttentionPolicy;
import dev.filigree.api.policy.AttentionPolicyProvider;
import dev.filigree.api.policy.OptionSpec;
import dev.filigree.api.policy.PolicyOptions;
import dev.filigree.conformance.rule.Rule;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A policy that is right but for one defect.
 *
 * @param name the defect
 * @param rule the rule that must find it
 * @param setting the honest policy, with the floors that it is asked for
 * @param defect puts the defect into it
 */
public record PolicyMutant(String name, Rule rule, String setting, UnaryOperator<AttentionPolicy> defect) {

    PolicySetting defective() {
        PolicySetting honest = PolicySetting.parse(setting);
        return new PolicySetting(
                "mutant",
                new Provider(honest.provider(), defect),
                honest.given(),
                honest.massFloor(),
                honest.recallFloor());
    }

    @Override
    public String toString() {
        return name + " by " + rule;
    }

    /** Another provider whose policies have the defect. */
    private record Provider(AttentionPolicyProvider honest, UnaryOperator<AttentionPolicy> defect)
            implements AttentionPolicyProvider {
        @Override
        public String name() {
            return honest.name();
        }

        @Override
        public int spiVersion() {
            return SPI_VERSION;
        }

        @Override
        public String summary() {
            return "defective";
        }

        @Override
        public List<OptionSpec> options() {
            return honest.options();
        }

        @Override
        public AttentionPolicy create(PolicyOptions options) {
            return defect.apply(honest.create(options));
        }
    }
}
