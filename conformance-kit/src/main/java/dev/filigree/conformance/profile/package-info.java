/** What a backend may claim to conform to: named parts of the kit. */
package dev.filigree.conformance.profile;
