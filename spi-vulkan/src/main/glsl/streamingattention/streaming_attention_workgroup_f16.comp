// Sink and recent keys on matrices of a work group, of f16.
#include "shared/element_f16.glsl"
#include "streamingattention/streaming_workgroup.glsl"
