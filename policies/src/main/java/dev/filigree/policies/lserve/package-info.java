/** LServe: decode steps read the pages whose key bounds say matter, within a token budget (arXiv 2502.14866). */
package dev.filigree.policies.lserve;
