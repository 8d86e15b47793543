// Sink and recent keys on matrices of a work group, of bf16.
#include "shared/element_bf16.glsl"
#include "streamingattention/streaming_workgroup.glsl"
