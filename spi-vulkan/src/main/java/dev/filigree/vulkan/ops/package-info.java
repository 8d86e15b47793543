/** How each op becomes launches of shaders. */
package dev.filigree.vulkan.ops;
