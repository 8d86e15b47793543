/** Cases as data: each names its rule, op, parameters and seed, and builds the problems that decide it. */
package dev.filigree.conformance.cases;
