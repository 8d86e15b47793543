// Keys and values side by side, in any strides.
//@ tensor q
//@ tensor k
//@ tensor v
//@ tensor qOffsets
//@ tensor kvOffsets
//@ tensor out
//@ tensor lse
//@ float scale
#include "shared/heads.glsl"
