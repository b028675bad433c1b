"""Language models that are asked by prompt: `system.Chat`, and a recipe a published format in `recipes`."""
