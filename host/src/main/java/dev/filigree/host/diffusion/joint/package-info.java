/** A block of joint attention over picture and text, as FLUX and Stable Diffusion 3 have it, with every linear at low bits. */
package dev.filigree.host.diffusion.joint;
