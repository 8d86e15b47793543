/** Makes retrieval prompts: facts hidden in filler prose, and a question about one of them. */
package dev.filigree.host.needle;
