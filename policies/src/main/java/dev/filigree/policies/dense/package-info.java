/** Every head sees everything its mask allows; the baseline of every other policy. */
package dev.filigree.policies.dense;
