/** What one launch of a shader is given, written by name. */
package dev.filigree.vulkan.launch;
