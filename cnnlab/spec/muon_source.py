"""The optimizer Muon as Keras source: what `cnnlab.backend.muon` computes, as a reader would write it."""

from __future__ import annotations

MUON_SOURCE = '''\
class Muon(keras.optimizers.Adam):
    """Adam, but each step of a convolution's kernel is made orthogonal (K. Jordan and others, 2024)."""

    def __init__(self, momentum=0.9, **arguments):
        super().__init__(**arguments)
        self.momentum = momentum

    def update_step(self, gradient, variable, learning_rate):
        if len(variable.shape) != 4:
            return super().update_step(gradient, variable, learning_rate)
        moment = self._momentums[self._get_variable_index(variable)]
        self.assign(moment, self.momentum * moment + gradient)
        direction = keras.ops.reshape(gradient + self.momentum * moment, (-1, variable.shape[-1]))
        length = max(direction.shape) ** 0.5
        turned = keras.ops.reshape(orthogonal(direction), variable.shape)
        self.assign_sub(variable, learning_rate * length * turned)


def orthogonal(matrix):
    """The matrix with singular values near 1, by the iteration of Newton and Schulz."""
    if matrix.shape[0] < matrix.shape[1]:
        return keras.ops.transpose(orthogonal(keras.ops.transpose(matrix)))
    matrix = matrix / (keras.ops.norm(matrix) + 1e-7)
    for _ in range(5):
        products = keras.ops.transpose(matrix) @ matrix
        matrix = 3.4445 * matrix + matrix @ (-4.7750 * products + 2.0315 * products @ products)
    return matrix'''
