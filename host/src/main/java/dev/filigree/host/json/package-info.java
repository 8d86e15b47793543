/** Reading JSON files that somebody else wrote: every access names the file and the place when the value does not fit. */
package dev.filigree.host.json;
