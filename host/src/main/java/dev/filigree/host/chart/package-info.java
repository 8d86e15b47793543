/** Drawings for reports: heat maps as SVG inside one HTML page that needs nothing else. */
package dev.filigree.host.chart;
