/** Launches as values: what a chooser answers. */
@org.jspecify.annotations.NullMarked
package dev.filigree.cuda.launch;
