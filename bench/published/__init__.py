"""The tutorials' own training scripts in plain Keras, beside which CNN Lab's trainings are measured.

Nothing here uses CNN Lab. What a tutorial leaves open, and what was chosen:

- T1, T2 and T4 name no initial weights: Keras's defaults. T1 and T4 name no batch size where Keras's is 32.
- T3 is written in low-level TensorFlow; here are its network, weights, optimizer and loss in Keras. Its
  biases start at 0. It trains on MNIST's 60,000 images.
- T2 and T3 measure on the test images after each epoch here, as T1 and T4 do: the time to an accuracy can be
  read off no other way.
- No tutorial sets a seed. Here it is an argument, for the initial weights alone: the order of the images is
  `fit`'s own, another in every epoch.
"""
