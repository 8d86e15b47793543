/** How policies are found, configured and refused. */
package dev.filigree.api.policy;
