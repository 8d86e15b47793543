/** Adapters: files of PEFT and diffusers are read, attached to a model, scaled and detached (LoRA, Hu et al. 2021). */
package dev.filigree.host.lora;
