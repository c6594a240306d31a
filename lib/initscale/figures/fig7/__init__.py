"""Fig 7a,b: steps to converge and test accuracy on PrOntoQA against the number of training items."""
