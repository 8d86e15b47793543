/** A paged cache: one pool of pages per kind of head, full or ring, at 32, 16, 8 or 4 bits. */
package dev.filigree.policies.paged;
