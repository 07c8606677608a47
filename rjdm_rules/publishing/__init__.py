"""Documents put together from what the other rooms make: words, diagrams, and examples as they come out."""
