/** Choosing a backend for plans: the priority walk and the only place that words a refusal. */
package dev.filigree.api.select;
