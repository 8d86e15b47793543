/** The config file of a run: read whole, checked whole, every problem told at once. */
package dev.filigree.policies.config;
