package dev.filigree.api.policy;

/** A policy cannot serve a problem. The message is one sentence with the actual and the accepted values. */
public final class PolicyRefusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String policy;
    private final String sentence;
    private final String configKey;

    /**
     * A refusal.
     *
     * @param policy name of the policy
     * @param sentence what cannot be served, with actual and accepted values
     * @param configKey the key that would change it, such as {@code kvCache.pageSize}
     */
    public PolicyRefusal(String policy, String sentence, String configKey) {
        super(policy + ": " + sentence + " (config key " + configKey + ")");
        this.policy = policy;
        this.sentence = sentence;
        this.configKey = configKey;
    }

    /** Name of the policy. */
    public String policy() {
        return policy;
    }

    /** What cannot be served, without policy and key. */
    public String sentence() {
        return sentence;
    }

    /** The config key that would change the outcome. */
    public String configKey() {
        return configKey;
    }
}
