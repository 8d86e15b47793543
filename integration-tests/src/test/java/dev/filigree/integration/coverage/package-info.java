/** How much of the code the tests of all modules run. */
package dev.filigree.integration.coverage;
