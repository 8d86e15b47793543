/** Drawings for reports: heat maps and lines as SVG inside one HTML page that needs nothing else. */
package dev.filigree.host.chart;
