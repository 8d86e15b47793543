/** DuoAttention: retrieval heads keep everything, streaming heads keep sink and recent tokens (arXiv 2410.10819). */
package dev.filigree.policies.duoattention;
