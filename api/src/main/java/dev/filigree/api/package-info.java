/** The contracts every policy and every backend is written against. */
package dev.filigree.api;
