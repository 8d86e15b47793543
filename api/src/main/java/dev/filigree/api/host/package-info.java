/**
 * Scaffolding for backends that compute in host memory: buffers, scopes, tensor access and a plan runner. A CPU
 * backend supplies kernels and a registry; see {@code HostBackend}.
 */
package dev.filigree.api.host;
