/** Adapters beside linear layers of any scheme (LoRA, Hu et al. 2021). */
package dev.filigree.policies.adapters;
