/**
 * Certifying attention policies: a layer of two KV heads is planned by a policy, run by a backend over a cache that keeps exactly
 * what the policy asked for, and judged by what comes out, so that any policy can be judged whatever its steps.
 */
package dev.filigree.conformance.policy;
