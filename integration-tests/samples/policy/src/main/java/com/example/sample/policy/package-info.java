/** The attention policy {@code sample-window}: the lower layers see a window, the upper ones everything. */
package com.example.sample.policy;
