/** The attention contract: head layouts, patterns, policies, and the plans that policies make. */
package dev.filigree.api.attention;
