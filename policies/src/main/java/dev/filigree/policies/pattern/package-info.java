/** Heads whose pattern is a rule rather than data, and what the policies that plan them share. */
package dev.filigree.policies.pattern;
