/** Smoothed keys: factors that move outliers from keys to queries, and how weights take them in (QServe section 4.2). */
package dev.filigree.host.keys;
