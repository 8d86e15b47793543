/** Linear layers as the checkpoint stores them, at 16 or 32 bits. */
package dev.filigree.policies.plain;
