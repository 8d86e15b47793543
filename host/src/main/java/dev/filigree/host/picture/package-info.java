/** Pictures: PNG files, contact sheets, and how far one picture is from another. */
package dev.filigree.host.picture;
