/** Tables of numbers per layer and head, as text files. */
package dev.filigree.policies.table;
