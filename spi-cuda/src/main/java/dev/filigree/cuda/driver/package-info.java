/** The driver API: JCuda where a call is rare, java.lang.foreign where it is not. */
@org.jspecify.annotations.NullMarked
package dev.filigree.cuda.driver;
