/** The linear contract: storage schemes, problems and plans of linear layers. */
package dev.filigree.api.linear;
