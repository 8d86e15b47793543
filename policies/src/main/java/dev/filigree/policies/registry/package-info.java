/** The policies that are installed, by kind and name, and how a section of options makes one. */
package dev.filigree.policies.registry;
