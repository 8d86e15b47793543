/** The backend {@code sample}: one class per op, plain loops over float arrays, one thread. */
package com.example.sample.backend;
