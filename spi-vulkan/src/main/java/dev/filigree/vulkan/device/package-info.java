/** Instance, device, memory, pipelines and command buffers: the only package that calls Vulkan. */
package dev.filigree.vulkan.device;
