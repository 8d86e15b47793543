/** One layer's attention with its cache steps, and the index arrays that a step needs. */
package dev.filigree.policies.layer;
