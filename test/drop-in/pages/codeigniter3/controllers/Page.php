<?php

declare(strict_types=1);

final class Page extends CI_Controller implements Session
{
    public function index(): void
    {
        $this->load->library('session');
        $this->output->set_output(json_encode(act($this)));
    }

    public function get(string $key)
    {
        return $this->session->userdata($key);
    }

    public function set(string $key, $value): void
    {
        $this->session->set_userdata($key, $value);
    }

    public function flash(string $text): void
    {
        $this->session->set_flashdata('notice', $text);
    }

    public function flashed(): ?string
    {
        return $this->session->flashdata('notice');
    }

    public function regenerate(): void
    {
        $this->session->sess_regenerate(true);
    }

    public function logout(): void
    {
        $this->session->sess_destroy();
    }
}
