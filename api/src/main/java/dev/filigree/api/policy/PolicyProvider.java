package dev.filigree.api.policy;

import java.util.List;

/**
 * A policy that configs can name, found by {@link java.util.ServiceLoader}. The three sub-interfaces say of which
 * contract. Providers are cheap: no file is read and no native library is loaded before {@link #create}.
 *
 * @param <P> the contract
 */
public sealed interface PolicyProvider<P>
        permits AttentionPolicyProvider, KVCachePolicyProvider, QuantizedLinearProvider {

    /** Version of this SPI; a provider of another version is refused with a reason. */
    int SPI_VERSION = 1;

    /** The name that configs use after {@code policy:}, lower case. */
    String name();

    /** The SPI version the provider was built for; return {@link #SPI_VERSION} as a compile-time constant. */
    int spiVersion();

    /** One sentence for people. */
    String summary();

    /** The options it understands; any other key in its section is a config problem. */
    List<OptionSpec> options();

    /**
     * Makes the policy.
     *
     * @throws PolicyRefusal if the options contradict each other, or a file they name is unusable
     */
    P create(PolicyOptions options);
}
