// y = x W^T: one work group per output and TILE tokens. Lanes share the inner axis, so that rows of x and of W are
// read side by side; each lane keeps one fp32 sum per token, added over the work group at the end.
const uint TILE = 8u;
uint firstToken, output_;

float sums[TILE];

bool start(uint numTokens, uint numOutputs) {
    output_ = groupIndex() % numOutputs;
    firstToken = groupIndex() / numOutputs * TILE;
    for (uint n = 0u; n < TILE; n++) sums[n] = 0.0;
    return firstToken < numTokens;
}
