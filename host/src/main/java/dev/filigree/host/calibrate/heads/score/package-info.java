/** Scores of KV heads that need forward passes only. */
package dev.filigree.host.calibrate.heads.score;
