/** Linear layers over low-bit weights: W8A8, W4A8 and W4A16, and the plan they share with SVDQuant. */
package dev.filigree.policies.lowbit;
