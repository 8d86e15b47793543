package dev.filigree.host;

import dev.filigree.host.engine.CacheUse;

/**
 * What a model has to do at one moment.
 *
 * @param waitingRequests requests in the queue
 * @param activeRequests requests that share steps now
 * @param admittedRequests requests admitted since the model was opened
 * @param refusedRequests requests refused since then, because the queue was full or the cache could never hold them
 * @param cache what of the cache is in use
 */
public record ServingLoad(
        int waitingRequests, int activeRequests, long admittedRequests, long refusedRequests, CacheUse cache) {}
