/** YAML and JSON as trees with line numbers, bounded in every direction. Not exported. */
package dev.filigree.policies.yaml;
