/** The Vulkan backend. */
package dev.filigree.vulkan;
