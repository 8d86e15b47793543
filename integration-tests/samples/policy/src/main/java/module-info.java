/** An attention policy from outside: nothing of Filigree but its published api. */
module com.example.sample.policy {
    requires dev.filigree.api;

    provides dev.filigree.api.policy.AttentionPolicyProvider with
            com.example.sample.policy.WindowPolicyProvider;
}
